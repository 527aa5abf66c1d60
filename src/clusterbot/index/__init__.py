"""The index: dense and lexical search, its versions on disk, and how they are built."""
