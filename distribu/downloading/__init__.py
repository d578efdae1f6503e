"""Many images as ZIPs, which a drop takes back: each file is the same already.

names   the name of each image in a ZIP: its product's SKU, and its place in the gallery
jobs    the DownloadJob from its begin to its end, in the queue's worker
"""
