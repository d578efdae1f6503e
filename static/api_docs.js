"use strict";

// The API's documentation, from its OpenAPI document. A key that is typed stays in this page.
SwaggerUIBundle({
  url: document.getElementById("api-docs").dataset.document,
  dom_id: "#api-docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // Its badge is an image that another host would draw.
  validatorUrl: null,
});
