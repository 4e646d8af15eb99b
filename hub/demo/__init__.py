"""The demo: three invented national CIRTs and a regional partner share incidents over a real hub; `cirt-hub demo`."""
