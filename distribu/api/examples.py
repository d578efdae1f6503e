"""Examples for the OpenAPI document: the same product and order throughout."""

NEW_PRODUCT = {
    "name": "Blue Widget",
    "sku": "BW-1",
    "description": "Blue, and heavier than it looks.",
    "category": "Widgets",
    "unit": "case",
    "price": 12.5,
    "stock": 40,
    "imageUrl": "https://cdn.example.com/blue-widget.jpg",
    "isActive": True,
}
PRODUCT = {
    "id": "01KAN6Y9T5QZ3V8H2W7R4M1XCE",
    **NEW_PRODUCT,
    "createdAt": "2026-11-22T08:30:00.000Z",
    "updatedAt": "2026-11-22T08:30:00.000Z",
    "imageAlt": None,
}
NEW_ORDER = {
    "customerId": "C-1024",
    "poNumber": "PO-7",
    "items": [{"productId": PRODUCT["id"], "quantity": 12}],
}
ORDER = {
    "id": "01KAN70M3B8D2S6F4J9K1P5TVZ",
    "status": "SUBMITTED",
    "poNumber": "PO-7",
    "notes": None,
    "total": 150.0,
    "createdAt": "2026-11-22T09:00:00.000Z",
    "updatedAt": "2026-11-22T09:00:00.000Z",
    "customerId": "C-1024",
    "items": [
        {
            "id": "01KAN70M3C1X7Q5G0H2N8R4YWA",
            "quantity": 12,
            "unitPrice": 12.5,
            "productId": PRODUCT["id"],
            "productName": "Blue Widget",
            "productSku": "BW-1",
        }
    ],
}


def one(shown: dict) -> dict:
    return {"data": shown}


def many(shown: dict) -> dict:
    return {"data": [shown], "pagination": {"hasMore": True, "nextCursor": shown["id"]}}
