"""The commands of `gongji`, one module each, loaded when they are called."""
