"""The program: command line, composition, actions, screens, key map and demo."""
