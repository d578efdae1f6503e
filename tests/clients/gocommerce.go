// Each call of gocommerce against the server of a test; prints what came of them as JSON.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/j-low/gocommerce/common"
	"github.com/j-low/gocommerce/inventory"
	"github.com/j-low/gocommerce/products"
)

// A key that asks more often than 300 times a minute has to rest.
const patience, pause = 2 * time.Minute, time.Second

type outcome struct {
	Answer any    `json:"answer"`
	Error  string `json:"error"`
}

var outcomes = map[string]outcome{}

func note[T any](name string, answer T, err error) T {
	said := ""
	if err != nil {
		said = err.Error()
	}
	outcomes[name] = outcome{answer, said}
	return answer
}

// elsewhere sends requests to another server than the one that the client names.
type elsewhere struct{ base *url.URL }

func (e elsewhere) RoundTrip(request *http.Request) (*http.Response, error) {
	request.URL.Scheme, request.URL.Host, request.Host = e.base.Scheme, e.base.Host, e.base.Host
	return http.DefaultTransport.RoundTrip(request)
}

func main() {
	base, err := url.Parse(os.Getenv("CLIENT_URL"))
	if err != nil {
		panic(err)
	}
	ids := strings.Split(os.Getenv("CLIENT_PRODUCTS"), ",")
	files := strings.Split(os.Getenv("CLIENT_FILES"), ",")
	client := &http.Client{Transport: elsewhere{base}}
	config := &common.Config{APIKey: os.Getenv("CLIENT_KEY"), Client: client}
	ctx := context.Background()

	read(ctx, config, ids)
	changeImages(ctx, config, ids[0], files)
	changeProducts(ctx, config, ids[0])
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		panic(err)
	}
}

func read(ctx context.Context, config *common.Config, ids []string) {
	first, err := products.RetrieveAllProducts(ctx, config, common.QueryParams{Type: "PHYSICAL"})
	note("RetrieveAllProducts", first, err)
	if first != nil {
		cursor := common.QueryParams{Cursor: first.Pagination.NextPageCursor}
		second, err := products.RetrieveAllProducts(ctx, config, cursor)
		note("RetrieveAllProducts, next page", second, err)
	}
	span := common.QueryParams{ModifiedAfter: "2001-01-01T00:00:00Z", ModifiedBefore: "2001-01-02T00:00:00Z"}
	none, err := products.RetrieveAllProducts(ctx, config, span)
	note("RetrieveAllProducts, of a day", none, err)
	some, err := products.RetrieveSpecificProducts(ctx, config, ids)
	note("RetrieveSpecificProducts", some, err)
	pages, err := products.RetrieveAllStorePages(ctx, config, common.QueryParams{})
	note("RetrieveAllStorePages", pages, err)
	stock, err := inventory.RetrieveAllInventory(ctx, config, common.QueryParams{})
	note("RetrieveAllInventory", stock, err)
	items, err := inventory.RetrieveSpecificInventory(ctx, config, ids)
	note("RetrieveSpecificInventory", items, err)
	missing, err := products.RetrieveSpecificProducts(ctx, config, []string{"none"})
	note("RetrieveSpecificProducts, missing", missing, err)
}

func changeImages(ctx context.Context, config *common.Config, product string, files []string) {
	first := upload(ctx, config, "UploadProductImage", product, files[0])
	second := upload(ctx, config, "UploadProductImage, second", product, files[1])
	described := products.UpdateProductImageRequest{ProductID: product, ImageID: first, AltText: "From Go"}
	image, err := products.UpdateProductImage(ctx, config, described)
	note("UpdateProductImage", image, err)
	moved := products.ReorderProductImageRequest{ProductID: product, ImageID: second}
	status, err := products.ReorderProductImage(ctx, config, moved)
	note("ReorderProductImage, to the top", status, err)
	moved = products.ReorderProductImageRequest{ProductID: product, ImageID: second, AfterImageID: &first}
	status, err = products.ReorderProductImage(ctx, config, moved)
	note("ReorderProductImage", status, err)
	assigned := products.AssignProductImageToVariantRequest{ProductID: product, VariantID: product, ImageID: first}
	status, err = products.AssignProductImageToVariant(ctx, config, assigned)
	note("AssignProductImageToVariant", status, err)
	after, err := products.RetrieveSpecificProducts(ctx, config, []string{product})
	note("RetrieveSpecificProducts, with images", after, err)
	status, err = products.DeleteProductImage(ctx, config, product, second)
	note("DeleteProductImage", status, err)
}

// upload returns the id of an image that is not PROCESSING any more.
func upload(ctx context.Context, config *common.Config, name, product, file string) string {
	accepted, err := products.UploadProductImage(ctx, config, product, file)
	note(name, accepted, err)
	if accepted == nil {
		return ""
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(pause) {
		status, err := products.GetProductImageUploadStatus(ctx, config, product, accepted.ImageID)
		note("GetProductImageUploadStatus", status, err)
		if err != nil || status.Status != "PROCESSING" {
			break
		}
	}
	return accepted.ImageID
}

func changeProducts(ctx context.Context, config *common.Config, product string) {
	price := products.Pricing{BasePrice: common.Amount{Currency: "USD", Value: "9.99"}}
	variants := []products.ProductVariant{{SKU: "GO-1", Pricing: price}}
	created := products.CreateProductRequest{Type: "PHYSICAL", StorePageID: "page", Variants: variants}
	made, err := products.CreateProduct(ctx, config, created)
	note("CreateProduct", made, err)
	updated, err := products.UpdateProduct(ctx, config, product, products.UpdateProductRequest{Name: "Go"})
	note("UpdateProduct", updated, err)
	added := products.CreateProductVariantRequest{ProductID: product, SKU: "GO-2", Pricing: price}
	variant, err := products.CreateProductVariant(ctx, config, added)
	note("CreateProductVariant", variant, err)
	changed := products.UpdateProductVariantRequest{ProductID: product, VariantID: product, SKU: "GO-3"}
	other, err := products.UpdateProductVariant(ctx, config, changed)
	note("UpdateProductVariant", other, err)
	status, err := products.DeleteProductVariant(ctx, config, product, product)
	note("DeleteProductVariant", status, err)
	status, err = products.DeleteProduct(ctx, config, product)
	note("DeleteProduct", status, err)
	operations := []inventory.QuantityOperation{{VariantID: product, Quantity: 3}}
	adjusted := inventory.AdjustStockQuantitiesRequest{SetFiniteOperations: operations}
	status, err = inventory.AdjustStockQuantities(ctx, config, adjusted)
	note("AdjustStockQuantities", status, err)
}
