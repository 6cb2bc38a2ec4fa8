"""Long work in a child process: the window stays alive, and Cancel ends everything that was started."""
