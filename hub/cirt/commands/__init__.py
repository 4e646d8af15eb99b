"""One file a command of `cirt`: what it asks for, what it answers, with which code it ends."""
