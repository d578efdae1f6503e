"""The images of products: a row in SQL and objects in a store, kept as one.

An image is two things that cannot be written together. One rule holds them together:

    A row goes in before its objects, and comes out after them.

Every object in the store is owned by exactly one row, an Image or an OutboxEntry, so garbage
is found by querying rows, never by listing the store.

Vocabulary, one meaning each:

image         the row, and everything that it owns
upload        the bytes as they arrived; private, kept only until the whole set is made
stable image  published at the stable address: upright, sRGB, without metadata, encoded here
derivative    a smaller WebP or AVIF still of the stable image, or its share.jpg
ladder        the widths at which derivatives are made; a change of it is a new ladder version
store         where objects lie: a directory, or anything that speaks S3
key           the name of one object: images/<id>/... is public, incoming/<id>/... is not

stage         the row, then the objects, then READY; no product yet
attach        give a staged image to a product
replace       attach, and discard what was there
remove        take the image off its product; the same as discard for who looks at it
process       make the derivatives that were not made at once
discard       turn the row into an outbox entry
drain         delete the objects of outbox entries, then the entries
sweep         find by rows what crashes left behind, and finish it
"""
