"""Decoding and encoding: from the bytes of an upload to what is published of it.

Only the modules that run in a child process import Pillow: pixels, color, encoding, publishing
and child.
"""
