"""The images of products: a row in SQL and objects in a store, kept as one.

An image is a row and objects, which no single transaction can write. One rule keeps them in step:

    A row goes in before its objects, and comes out after them.

Every object in the store is owned by exactly one row, an Image or an OutboxEntry, so garbage
is found by querying rows, never by listing the store.

Vocabulary, one meaning each:

image         the row, and everything that it owns
upload        the bytes as they arrived; private, kept only until the ladder is complete
stable image  published at the stable address: upright, sRGB, without metadata, encoded here
derivative    a smaller WebP or AVIF still of the stable image, or its share.jpg
ladder        the widths at which derivatives are made; changing them makes a new ladder version
store         where objects are kept: a directory, or anything that speaks S3
key           the name of one object: images/<id>/... is public, incoming/<id>/... is not

stage         write the row, then the objects, then mark it READY; no product owns it yet
attach        give a staged image to a product
replace       attach an image and discard the one it replaces
remove        take an image off its product and discard it
process       make the derivatives that staging left for later
discard       turn the row into an outbox entry
drain         delete the objects of outbox entries, then the entries
sweep         find unfinished work by its rows after a crash, and finish it
"""
