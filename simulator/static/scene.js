// What an address such as ?scene=shapes has the first follower do, one thing after the other.
const QUESTION = { zh: "最大的图形是什么颜色？", en: "What colour is the largest shape?" };
const PATIENCE = 30000; // milliseconds for an answer
const GREETING = 5000;

const sample = (name) => ({ phone }) => phone.sendSample(`${name}.jpg`);

const SCENES = {
  digit: [sample("1-digit-3")],
  shapes: [sample("5-shapes"), ({ phone, language }) => phone.say(QUESTION[language])],
  cat: [sample("6-cat")],
  tour: [sample("1-digit-3"), sample("5-shapes"), sample("6-cat")],
  menu: [({ phone }) => phone.menu.open(true)],
};

export async function play(name, { phone, language, stage, faults }) {
  const known = Object.hasOwn(SCENES, name) ? SCENES[name] : [];
  const steps = faults.includes(name) ? [() => stage.fault(name)] : known;
  for (const step of steps) {
    await step({ phone, language });
    await quiet(phone);
  }
}

// Resolves when the account has said something; or when that takes too long.
export const greeted = (phone) => until(() => phone.speaking, GREETING);

// Resolves when the phone waits for no answer; or when that takes too long.
export async function quiet(phone) {
  await until(() => false, 200); // what was sent just now must have come in
  await until(() => phone.pending.length === 0, PATIENCE);
}

function until(condition, milliseconds) {
  const end = Date.now() + milliseconds;
  return new Promise((done) => {
    const look = () => {
      if (condition() || Date.now() > end) done();
      else setTimeout(look, 50);
    };
    look();
  });
}
