import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Profile } from "./Profile.jsx"; // the README's

const user = { id: "ea1713ab-d3e8-5b8c-b5db-3a8853a36a19", name: "Tim Silva", picture: "/tim.jpg" };
createRoot(document.getElementById("app")).render(
  <StrictMode>
    <Profile user={user} />
  </StrictMode>,
);
