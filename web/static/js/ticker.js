/* A worker that only ticks: the timers of a hidden page are slowed down, those of a worker are not. */

let timer = 0;

onmessage = (event) => {
  clearInterval(timer);
  if (event.data > 0) timer = setInterval(() => postMessage(0), event.data);
};
