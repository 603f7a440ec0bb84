// Runs when all that the page asked for has come or failed. Of the many files of the app one may fail, as where a browser ends
// its service worker in the middle of an answer; the page would stay empty. So what did not come is asked for again.

const WAITS_MS = [0, 300, 1_000, 3_000];

addEventListener('load', async () => {
  for (const wait of WAITS_MS) {
    await new Promise((on) => setTimeout(on, wait));
    try {
      await import('/app.js'); // the same app where it runs already
      return;
    } catch (error) {
      console.info('not started', error);
    }
  }
  const said = document.getElementById('unstarted');
  said.setAttribute('role', 'alert');
  said.hidden = false;
});
