"""Answers about Québec's industrial clusters, in the sources' own words."""
