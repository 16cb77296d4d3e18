"""The command line: each module parses, calls the engine and prints."""
