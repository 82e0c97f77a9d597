"""Container images: built for the stack that runs them, pushed to its registry, named in its settings by digest."""
