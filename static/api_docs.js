"use strict";

// Swagger UI's dark colors, as long as the reader's system is dark.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// The API's documentation, from its OpenAPI document. A key that is typed stays in this page.
SwaggerUIBundle({
  url: document.getElementById("api-docs").dataset.document,
  dom_id: "#api-docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // No validator: its badge would be an image from another host.
  validatorUrl: null,
});
