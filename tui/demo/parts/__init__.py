"""The parts of the demo, one module each; their order stands in `tui.demo.scenario`."""
