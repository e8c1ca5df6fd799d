// A person with a browser that runs no scripts: signs in, consents, and says where that led.

/** Follows `url` through sign-in and consent to the redirect URI, and returns where the browser was sent. */
export async function visit(url, redirectUri, { email, password }) {
  const cookies = new Map();
  const go = async (target, form) => {
    const answer = await fetch(target, {
      method: form ? 'POST' : 'GET',
      body: form,
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [name, value] = cookie.split(';')[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null) return { page: await answer.text(), status: answer.status, address: target };
    const next = new URL(location, target);
    if (next.href.startsWith(redirectUri)) return { back: next };
    return go(next);
  };
  let at = await go(url);
  for (let pages = 0; at.back === undefined; pages++) {
    if (at.status !== 200 || pages > 2) throw new Error(`stuck at ${at.status} ${at.address}\n${at.page}`);
    const form = hidden(at.page);
    if (at.page.includes('name="password"')) {
      form.set('action', 'sign-in');
      form.set('email', email);
      form.set('password', password);
    } else {
      form.set('action', 'allow');
    }
    at = await go(new URL(unescaped(/<form[^>]* action="([^"]*)"/.exec(at.page)[1]), at.address), form);
  }
  return at.back;
}

function hidden(page) {
  const form = new URLSearchParams();
  for (const [input] of page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    form.set(/name="([^"]*)"/.exec(input)[1], unescaped(/value="([^"]*)"/.exec(input)[1]));
  }
  return form;
}

function unescaped(text) {
  return text.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&#34;', '"').replaceAll('&amp;', '&');
}
