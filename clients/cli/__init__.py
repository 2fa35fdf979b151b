"""The `gongji` command: the roof over everything else; nothing imports it."""
