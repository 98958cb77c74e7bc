import { createApp } from "vue";
import "./main.js"; // the README's
import App from "./App.vue";

createApp(App).mount("#app");
