// What the browser tests share. The address comes from the environment: of
// `make demo` (SALLYPORT_URL, SALLYPORT_SIGNIN_*), or of the test server of
// internal/surface/web/webtest/serve, which also gives SALLYPORT_TEST_CONTROL:
// fresh links, and states that only a fake backend can bring about.
export const base = process.env.SALLYPORT_URL ?? "";
export const control = process.env.SALLYPORT_TEST_CONTROL ?? "";

const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** launch starts Debian's chromium; playwright gives it a new profile. */
export async function launch(chromium) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
}

/** link is a one-time sign-in link; without the test server each account has one. */
export async function link(account) {
  if (control) {
    const r = await fetch(`${control}/test/link/${account}`);
    return r.text();
  }
  return process.env["SALLYPORT_SIGNIN_" + account.toUpperCase()] ?? "";
}

/** Against the demo a session is kept: each account has one link. */
const sessions = new Map();

/** signIn takes the link page and its button, as a person does. */
export async function signIn(page, account) {
  const url = await link(account);
  const origin = new URL(url).origin;
  if (!control && sessions.has(account)) {
    await page.context().addCookies(sessions.get(account));
    await page.goto(origin + "/");
  } else {
    await page.goto(url);
    await page.getByRole("button", { name: /^Sign in as/ }).click();
  }
  await page.waitForURL((u) => u.pathname === "/");
  await page.locator("#question").waitFor();
  sessions.set(account, await page.context().cookies());
  const goto = page.goto.bind(page);
  page.goto = (path, o) => goto(path.startsWith("/") ? origin + path : path, o);
}

/** ask types a question, sends it and waits for the end of the answer. */
export async function ask(page, question, whole = true) {
  const before = await page.locator(".turn").count();
  await page.locator("#question").fill(question);
  await page.locator("#question").press("Enter");
  await page.locator(".turn").nth(before).waitFor();
  if (whole) await page.locator("#stop").waitFor({ state: "hidden", timeout: 20000 });
  return page.locator(".turn").nth(before);
}
