/** Shows this service's own document; asks no other host anything. */
SwaggerUIBundle({
  deepLinking: true,
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  tryItOutEnabled: true,
  url: "/openapi.json",
  validatorUrl: null,
});
