"""Match image files to products by their names.

The governing rule: a wrong image is worse than an unmatched one. A file
is matched only if its name can be read as exactly one product; all other
readings are shown to a person, who decides.

filenames    split the path of a dropped file: junk, file type, the rest of the name
texts        the two forms in which names and SKUs are compared
suffixes     suffixes of a SKU: a number, a view, marks of copies; camera filenames
catalog      the SKUs of a company, found by either form
readings     read a file or folder name as a set of products
batch        match(): the outcome of every file in one drop
suggestions  likely products for a name that matches nothing

Everything here is pure: names and SKUs in, outcomes out.
"""
