"""The operators' command `cirt-hub`: arguments in, paths called, tables or JSON out."""
