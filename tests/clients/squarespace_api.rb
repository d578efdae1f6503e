# Each call of squarespace_api against the server of a test; prints what came of them as JSON.
require 'json'
require 'squarespace_api'

# Pauses of a second: a key that asks more often than 300 times a minute has to rest.
PATIENCE = 120
OUTCOMES = {}

def note(name)
  OUTCOMES[name] = { answer: yield, error: '' }
rescue StandardError => error
  OUTCOMES[name] = { answer: nil, error: "#{error.class}: #{error.message}" }
ensure
  return OUTCOMES[name][:answer]
end

# The id of an image that is not PROCESSING any more.
def upload(client, name, product, file)
  accepted = note(name) { client.product_images.upload(file, { product_id: product }) }
  image = accepted && accepted['imageId']
  PATIENCE.times do
    status = note('product_images.status') { client.product_images.status(image, { product_id: product }) }
    break unless status && status['status'] == 'PROCESSING'

    sleep 1
  end
  image
end

config = SquarespaceApi::Config.new(access_token: ENV.fetch('CLIENT_KEY'))
config.define_singleton_method(:base_url) { ENV.fetch('CLIENT_URL') }
client = SquarespaceApi::Client.new(config)
ids = ENV.fetch('CLIENT_PRODUCTS').split(',')
files = ENV.fetch('CLIENT_FILES').split(',')
product = ids.first
day = { modifiedAfter: '2001-01-01T00:00:00Z', modifiedBefore: '2001-01-02T00:00:00Z' }

# Read.
note('products.all') { client.products.all }
note('products.all, every page') { [].tap { |all| client.products.all { |page| all.concat(page) } } }
note('products.where') { client.products.where(day) }
note('products.find_by_ids') { client.products.find_by_ids(ids) }
note('products.find_by_ids, missing') { client.products.find_by_ids(['none']) }
note('products.find') { client.products.find(product) }
note('store_pages.all') { client.store_pages.all }
note('inventory.all') { client.inventory.all }
note('inventory.find_by_ids') { client.inventory.find_by_ids(ids) }
note('website') { client.website }

# Change images, most of it under the one Idempotency-Key that the client keeps from create on.
first = upload(client, 'product_images.upload', product, files[0])
second = upload(client, 'product_images.upload, second', product, files[1])
note('product_variant_images.create') do
  client.product_variant_images.create({ product_id: product, variant_id: product, imageId: first })
end
['From', 'From Ruby', 'From', 'From Ruby'].each do |text|
  note('product_images.update') { client.product_images.update(first, { product_id: product, altText: text }) }
end
[nil, first].each do |other|
  note("product_images.order, #{other ? 'after' : 'to the top'}") do
    client.product_images.order(second, { product_id: product, afterImageId: other })
  end
end
note('products.find_by_ids, with images') { client.products.find_by_ids([product]) }
note('product_images.delete') { client.product_images.delete(second, { product_id: product }) }

# Change products and stock.
price = { basePrice: { currency: 'USD', value: '9.99' } }
note('products.create') do
  client.products.create({ type: 'PHYSICAL', storePageId: 'page', variants: [{ sku: 'RUBY-1', pricing: price }] })
end
note('products.update') { client.products.update(product, { name: 'Ruby' }) }
note('product_variants.create') { client.product_variants.create({ product_id: product, sku: 'RUBY-2', pricing: price }) }
note('product_variants.update') { client.product_variants.update(product, { product_id: product, sku: 'RUBY-3' }) }
note('product_variants.delete') { client.product_variants.delete(product, { product_id: product }) }
note('products.delete') { client.products.delete(product) }
note('inventory_adjustments.create') do
  client.inventory_adjustments.create({ setFiniteOperations: [{ variantId: product, quantity: 3 }] })
end

puts JSON.generate(OUTCOMES)
