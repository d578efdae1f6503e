"""Download many images as ZIP files; files that are dropped again are recognized as the same.

names   the name of each image in a ZIP: its product's SKU, and its number in the gallery
jobs    the DownloadJob from beginning to end, run by the queue's worker
"""
