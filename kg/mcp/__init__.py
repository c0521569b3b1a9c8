"""The Model Context Protocol: a plant's answers as tools, resources and prompts for models.

`calls` says what a tool asks a plant of, and for whom; `tools` answers in text; `server` gives the
tools to the protocol's package, which nothing else here imports; `door` is the plant as a process
of its own finds it.
"""
