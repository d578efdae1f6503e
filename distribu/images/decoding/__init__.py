"""Decoding and encoding: from the bytes of an upload to its published files.

Only the modules that run in a child process import Pillow: pixels, color, encoding, publishing
and child.
"""
