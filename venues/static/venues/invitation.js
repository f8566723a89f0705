// Sets the password that the form holds. The address of this page is the secret that allows it.

const form = document.querySelector("form");
const button = form.querySelector("button");
const again = document.getElementById("again");
const trouble = document.getElementById("trouble");
const done = document.getElementById("done");

class Refusal extends Error {}

async function setPassword(password) {
  const response = await fetch(location.pathname, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ password }),
    referrerPolicy: "no-referrer",
  });
  const answer = await response.json();
  if (!response.ok) throw new Refusal(answer.details?.password?.join(" ") ?? answer.error);
  return answer.message;
}

async function submit() {
  if (form.elements.password.value !== again.value) throw new Refusal("The two passwords are not the same.");
  done.textContent = await setPassword(form.elements.password.value);
  done.hidden = false;
  form.remove();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  trouble.textContent = "";
  button.disabled = true;
  try {
    await submit();
  } catch (error) {
    trouble.textContent = error instanceof Refusal ? error.message : "The server cannot be reached. Please try again.";
    button.disabled = false;
  }
});
