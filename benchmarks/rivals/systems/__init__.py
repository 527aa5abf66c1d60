"""One module for a system, each with a class `System`: `load`, `build`, `open`, `search`, and, where it can, `change` and `ask`."""
