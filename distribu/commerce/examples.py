"""Examples for the OpenAPI document: the same product and image throughout."""

_PRODUCT_ID, _IMAGE_ID = "01KAN6Y9T5QZ3V8H2W7R4M1XCE", "01KAN71D8M4V6B2C9X0E3G7HJK"
_PRICE = {"currency": "USD", "value": "12.50"}
_LAST_PAGE = {"hasNextPage": False, "nextPageCursor": None, "nextPageUrl": None}

IMAGE = {
    "id": _IMAGE_ID,
    "altText": "blue widget",
    "url": f"https://shop.example.com/images/{_IMAGE_ID}/blue-widget.jpg",
    "originalSize": {"width": 1600, "height": 1200},
    "availableFormats": ["100w", "300w", "500w", "750w", "1000w", "1500w"],
}
PRODUCT = {
    "id": _PRODUCT_ID,
    "type": "PHYSICAL",
    "storePageId": "01KAN6W2K8A5T9Z4Q7Y1D3F6NB",
    "name": "Blue Widget",
    "description": "<p>Blue, and heavier than it looks.</p>",
    "url": f"https://shop.example.com/store/acme/products/{_PRODUCT_ID}",
    "urlSlug": _PRODUCT_ID,
    "tags": ["Widgets"],
    "isVisible": True,
    "seoOptions": {"title": None, "description": None},
    "variantAttributes": [],
    "variants": [
        {
            "id": _PRODUCT_ID,
            "sku": "BW-1",
            "pricing": {"basePrice": _PRICE, "onSale": False, "salePrice": _PRICE},
            "stock": {"quantity": 40, "unlimited": False},
            "attributes": {},
            "shippingMeasurements": None,
            "gtin": None,
            "mpn": None,
            "image": None,
        }
    ],
    "images": [IMAGE],
    "createdOn": "2026-11-22T08:30:00.000Z",
    "modifiedOn": "2026-11-22T08:31:00.000Z",
}
_ITEM = {
    "variantId": _PRODUCT_ID,
    "sku": "BW-1",
    "descriptor": "Blue Widget",
    "isUnlimited": False,
    "quantity": 40,
}
_STORE_PAGE = {
    "id": PRODUCT["storePageId"],
    "title": "Catalog",
    "isEnabled": True,
    "urlSlug": "catalog",
}
PRODUCTS = {"products": [PRODUCT]}
PRODUCT_PAGE = PRODUCTS | {"pagination": _LAST_PAGE}
INVENTORY = {"inventory": [_ITEM]}
INVENTORY_PAGE = INVENTORY | {"pagination": _LAST_PAGE}
STORE_PAGES = {"storePages": [_STORE_PAGE], "pagination": _LAST_PAGE}
ACCEPTED = {"imageId": _IMAGE_ID}
STATUS = {"status": "READY"}
WEBSITE = {
    "id": _STORE_PAGE["id"],
    "siteId": "acme",
    "title": "Acme",
    "url": "https://shop.example.com/store/acme",
    "currency": "USD",
    "language": "en-US",
    "timeZone": "UTC",
    "location": {"country": None, "region": None},
    "measurementStandard": "METRIC",
}
