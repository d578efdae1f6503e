// The image field in Firefox: choose, preview, save, replace, remove. See firefox.py, which runs it.
// The one argument is JSON: where puppeteer-core and Firefox are, the shop, its cookie, two photographs.
import { createRequire } from "node:module";

const given = JSON.parse(process.argv[2]);
const puppeteer = createRequire(given.modules)("puppeteer-core").default;
const browser = await puppeteer.launch({ browser: "firefox", executablePath: given.firefox, headless: true });

const page = await browser.newPage();
page.setDefaultTimeout(30_000);
await browser.setCookie(given.cookie);

async function choose(file) {
  const input = await page.waitForSelector("#image");
  await input.uploadFile(file);
  await page.waitForFunction(() => document.querySelector("#image-field input[name=image_id]").value);
  await page.waitForFunction(() => {
    const shown = document.querySelectorAll("#image-preview img");
    return shown.length === 1 && shown[0].naturalWidth > 0;
  });
}

async function save() {
  await page.click("#product-form button[data-save]:not(.visually-hidden)");
  await page.waitForFunction(() => location.pathname === "/dashboard/inventory");
}

async function open() {
  await page.waitForSelector("a[href*='/edit']");
  const link = await page.$("a[href*='/edit']");
  await link.evaluate((element) => element.click());
  await page.waitForFunction(() => location.pathname.endsWith("/edit"));
  await page.waitForSelector("#image");
}

const link = () => page.$eval("#image-url", (element) => element.value ?? element.textContent);

try {
  await page.goto(`${given.url}/dashboard/inventory/new`);
  await page.type("#name", "Blue widget");
  await page.type("#price", "12.50");
  await choose(given.photographs[0]);
  await save();
  await open();
  const first = await link();
  await choose(given.photographs[1]);
  await save();
  await open();
  const second = await link();
  await page.click("#image-remove");
  await page.waitForSelector("#image-undo");
  await save();
  await open();
  const left = await page.$("#image-url");
  console.log(JSON.stringify({ first, second, isRemoved: left === null }));
} finally {
  await browser.close();
}
