"""Plugins at run time: finding, checking, configuring, calling and watching them."""
