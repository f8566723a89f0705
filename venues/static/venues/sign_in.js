// Signs the owner in, opens the screen once with the token so that this browser is given its pass, and signs out again:
// a television in a bar is no place to leave a session.

const form = document.querySelector("form");
const button = form.querySelector("button");
const trouble = document.getElementById("trouble");

class Refusal extends Error {}

async function signIn({ username, password }) {
  const response = await post("/login/owner/", { username, password });
  const answer = await response.json();
  if (!response.ok) throw new Refusal(answer.error);
  return answer;
}

async function openScreen(access) {
  const response = await fetch(location.pathname, {
    headers: { Accept: "application/json", Authorization: `Bearer ${access}` },
    cache: "no-store",
  });
  if (response.status === 404) throw new Refusal("This account does not manage this venue.");
  if (!response.ok) throw new Refusal("This account may not open the screen.");
}

function post(path, body, headers = {}) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

async function open() {
  const { access, refresh } = await signIn(Object.fromEntries(new FormData(form)));
  try {
    await openScreen(access);
  } finally {
    await post("/logout/", { refresh }).catch(() => {});
  }
  location.reload();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  trouble.textContent = "";
  button.disabled = true;
  try {
    await open();
  } catch (error) {
    trouble.textContent = error instanceof Refusal ? error.message : "The server cannot be reached. Please try again.";
    button.disabled = false;
  }
});
