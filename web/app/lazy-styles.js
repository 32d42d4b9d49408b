/**
 * Style sheets of a view that is fetched when it is first looked at.
 */

/** @type {Map<string, Promise<void>>} */
const added = new Map();

/**
 * Adds style sheets to the page, each once, and waits until they apply; one that cannot be had is done without.
 *
 * @param {...string} sheets paths from the folder of the page's files
 */
export async function styled(...sheets) {
  await Promise.all(sheets.map(one));
}

/** @param {string} sheet */
function one(sheet) {
  const known = added.get(sheet);
  if (known) return known;
  const applies = new Promise((/** @type {(value: void) => void} */ resolve) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(`../${sheet}`, import.meta.url).href;
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  });
  added.set(sheet, applies);
  return applies;
}
