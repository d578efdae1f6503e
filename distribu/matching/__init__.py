"""Match image files to products by their names.

One law over all: a wrong image is worse than an unmatched one. A file
belongs to a product only where its name can be read as exactly that one;
every other reading is shown, and left to a person.

filenames    the path of a dropped file: junk, types, what is left of the name
texts        the two forms in which names and SKUs are compared
suffixes     what may follow a SKU: a number, a view, marks of copies; names of cameras
catalog      the SKUs of a company, found by either form
readings     a name, or a folder, as a set of products
batch        match(): the files of one drop to their outcomes
suggestions  what a name that matches nothing may have meant

Everything here is pure: names and SKUs in, outcomes out.
"""
