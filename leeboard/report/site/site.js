// What a page of the site does by itself: it fills in times, and shows tables that are searched, filtered and turned
// over. Data come from scripts beside it, as text; nothing is fetched, and no text is ever taken for HTML.
"use strict";
(() => {
  const data = window.leeboard ?? {};
  const AT_ONCE = 100;
  const ON_PAPER = 5000; // rows that are printed at most, a hundred sheets
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Europe/London", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
    hourCycle: "h23", timeZoneName: "short",
  });
  const fromEstate = location.search === "?estate";

  // "25 Nov 2026, 02:14 GMT", and without the hour "25 Nov 2026".
  const told = (minutes, hour) => {
    const found = Object.fromEntries(clock.formatToParts(new Date(minutes * 60000)).map((part) => [part.type, part.value]));
    const day = `${Number(found.day)} ${MONTHS[found.month - 1]} ${found.year}`;
    return hour ? `${day}, ${found.hour}:${found.minute} ${found.timeZoneName}` : day;
  };
  const make = (name, text, look) => {
    const one = document.createElement(name);
    if (text !== undefined) one.textContent = text;
    if (look) one.className = look;
    return one;
  };
  const count = (number) => number.toLocaleString("en-GB");

  class Table {
    constructor(place) {
      this.place = place;
      this.columns = data[place.dataset.table].columns;
      this.rows = data[place.dataset.table].rows;
      this.number = Object.fromEntries(this.columns.map((column, number) => [column.id, number]));
      this.shown = place.dataset.columns.split(" ");
      this.filters = (place.dataset.filters ?? "").split(" ").filter(Boolean);
      this.sorted = null;
      this.page = 0;
      const [only, words] = (place.dataset.only ?? "").split("=");
      if (words) this.rows = this.rows.filter((row) => words.split(",").includes(this.word(row, only)));
      this.haystack = uFuzzy.latinize(this.rows.map((row) => this.searched(row)));
      this.search = new uFuzzy();
      this.build();
      this.restore();
      addEventListener("hashchange", () => this.restore());
      // On paper nobody turns over: all that was found is printed, and what was looked for.
      addEventListener("beforeprint", () => this.show(ON_PAPER));
      addEventListener("afterprint", () => this.show());
    }

    // By which a cell is filtered.
    word(row, id) { return this.columns[this.number[id]].words[row[this.number[id]]][0]; }

    searched(row) {
      return this.columns.flatMap((column, number) => {
        if (column.kind === "link") return row[number].slice(0, 2);
        if (column.kind === "text") return [row[number]];
        return column.id === "school" ? column.words[row[number]].slice(0, 2) : [];
      }).join(" ");
    }

    build() {
      const form = make("form", undefined, "filters");
      const label = (text, field) => {
        const one = make("label", text);
        one.append(field);
        form.append(one);
        return field;
      };
      this.query = label("Search", make("input"));
      this.query.type = "search";
      this.query.autocomplete = "off";
      this.selects = this.filters.map((id) => {
        const column = this.columns[this.number[id]];
        const select = label(column.name, make("select"));
        select.append(new Option("all", ""), ...column.words.map(([word, text]) => new Option(text, word)));
        select.name = id;
        return select;
      });
      form.addEventListener("submit", (event) => event.preventDefault());
      form.addEventListener("input", () => { this.page = 0; this.keep(); this.show(); });
      this.status = make("p", "", "small");
      this.status.setAttribute("role", "status");
      const scroll = make("div", undefined, "scroll");
      scroll.tabIndex = 0;
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", this.place.dataset.label);
      const table = make("table", undefined, "stack listed");
      table.append(make("caption", this.place.dataset.label));
      const row = table.createTHead().insertRow();
      this.heads = this.shown.map((id) => {
        const column = this.columns[this.number[id]];
        const head = make("th", undefined, column.kind === "number" ? "number" : "");
        head.scope = "col";
        const button = make("button", column.name, "sort");
        button.type = "button";
        button.addEventListener("click", () => this.sort(id));
        // Chromium repeats the heads of a table on each sheet, but no button in them.
        head.append(button, make("span", column.name, "paper"));
        row.append(head);
        return head;
      });
      this.body = table.createTBody();
      scroll.append(table);
      const pages = make("p", undefined, "turn");
      const turn = (text, step) => {
        const button = make("button", text);
        button.type = "button";
        button.addEventListener("click", () => { this.page += step; this.show(); });
        pages.append(button, " ");
        return button;
      };
      this.back = turn("Earlier rows", -1);
      this.on = turn("Further rows", 1);
      this.place.replaceChildren(form, this.status, scroll, pages);
    }

    // What is looked for stands in the address, so that it can be linked and is there after going back.
    restore() {
      const wanted = new URLSearchParams(location.hash.slice(1));
      this.query.value = wanted.get("q") ?? "";
      for (const select of this.selects) {
        select.value = wanted.get(select.name) ?? "";
        if (select.selectedIndex < 0) select.value = "";
      }
      this.page = 0;
      this.show();
      if (location.hash.includes("=")) {
        this.place.scrollIntoView();
        this.query.focus({ preventScroll: true });
      }
    }

    keep() {
      const wanted = new URLSearchParams();
      if (this.query.value) wanted.set("q", this.query.value);
      for (const select of this.selects) if (select.value) wanted.set(select.name, select.value);
      history.replaceState(null, "", `${location.pathname}${location.search}#${wanted}`);
    }

    found() {
      let numbers = this.rows.map((_, number) => number);
      const needle = uFuzzy.latinize(this.query.value.trim());
      if (needle) {
        const [every, info, order] = this.search.search(this.haystack, needle, 1);
        numbers = order ? order.map((place) => info.idx[place]) : every ?? [];
      }
      for (const select of this.selects.filter((one) => one.value)) {
        const place = this.number[select.name];
        const word = this.columns[place].words.findIndex(([id]) => id === select.value);
        numbers = numbers.filter((number) => [this.rows[number][place]].flat().includes(word));
      }
      if (this.sorted) {
        const place = this.number[this.sorted.id], way = this.sorted.down ? -1 : 1;
        const key = (number) => [this.rows[number][place]].flat()[0];
        const texts = new Intl.Collator("en-GB", { numeric: true });
        numbers.sort((a, b) => {
          const [one, other] = [key(a), key(b)];
          if (one === null || other === null) return (one === null) - (other === null);
          return way * (typeof one === "string" ? texts.compare(one, other) : one - other);
        });
      }
      return numbers;
    }

    sort(id) {
      this.sorted = { id, down: this.sorted?.id === id && !this.sorted.down };
      this.page = 0;
      this.show();
    }

    // What is looked for, in words: "Search: office; Worst: drifted".
    asked() {
      const query = this.query.value.trim();
      const chosen = this.selects.filter((one) => one.value)
        .map((one) => `${this.columns[this.number[one.name]].name}: ${one.selectedOptions[0].text}`);
      return [...query ? [`Search: ${query}`] : [], ...chosen].join("; ");
    }

    show(printed = 0) {
      const numbers = this.found(), first = printed ? 0 : this.page * AT_ONCE;
      const some = numbers.slice(first, first + (printed || AT_ONCE));
      this.body.replaceChildren(...some.map((number) => this.row(this.rows[number])));
      const rows = some.length < numbers.length ? `${count(first + 1)} to ${count(first + some.length)} of ` : "";
      const all = numbers.length < this.rows.length ? `, out of ${count(this.rows.length)}` : "";
      const asked = printed ? this.asked() : "";
      this.status.textContent = `Shown: ${rows}${count(numbers.length)}${all}.${asked && ` ${asked}.`}`;
      this.back.hidden = !this.page;
      this.on.hidden = first + some.length >= numbers.length;
      this.heads.forEach((head, place) => {
        const mine = this.sorted?.id === this.shown[place];
        if (mine) head.setAttribute("aria-sort", this.sorted.down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
    }

    row(cells) {
      const row = make("tr");
      this.shown.forEach((id, place) => {
        const column = this.columns[this.number[id]], cell = cells[this.number[id]];
        const one = make(place ? "td" : "th", undefined, column.kind === "number" ? "number" : "");
        if (!place) one.scope = "row";
        else one.dataset.name = column.name;
        this.fill(one, column, cell, cells);
        row.append(one);
      });
      return row;
    }

    fill(one, column, cell, cells) {
      if (column.kind === "link") {
        const link = make("a", cell[0]);
        const school = this.number.school !== undefined && this.columns[this.number.school];
        link.href = column.href.replace("{file}", encodeURIComponent(cell[2] ?? cell[0]))
          .replace("{school}", school && school.words ? school.words[cells[this.number.school]][0] : "")
          + (fromEstate && !column.href.endsWith("?estate") ? "?estate" : "");
        one.append(link);
        if (cell[1] && cell[1] !== cell[0]) one.append(make("small", cell[1]));
      } else if (column.kind === "word") {
        const [, text, look] = column.words[cell];
        one.append(look ? make("span", text, `badge ${look}`) : text);
      } else if (column.kind === "moment" || column.kind === "day") {
        if (cell !== null) one.append(told(cell, column.kind === "moment"));
      } else if (column.kind === "number") {
        one.append(count(cell));
        if (!cell) one.classList.add("nought");
      } else {
        one.append(cell);
      }
    }
  }

  for (const one of document.querySelectorAll("[data-at]")) one.textContent = told(data.about.at, true);
  for (const one of document.querySelectorAll("[data-seen]")) {
    const row = data.devices?.rows.find(([cell]) => (cell[2] ?? cell[0]) === one.dataset.seen);
    if (!row) continue;
    const number = (id) => data.devices.columns.findIndex((column) => column.id === id);
    const [, text, look] = data.devices.columns[number("known")].words[row[number("known")]], seen = row[number("seen")];
    one.replaceChildren(make("span", text, `badge ${look}`), seen === null ? "" : ` last on ${told(seen, true)}`);
  }
  for (const one of document.querySelectorAll("[data-table]")) new Table(one);
  if (fromEstate) {
    // Whoever came from the estate's pages gets a way back; where a school has its folder alone, there is none.
    const menu = document.querySelector("[data-up]");
    if (menu) {
      for (const link of document.querySelectorAll("a[href]:not([href^='#'])")) {
        if (!link.href.includes("?")) link.href = link.getAttribute("href").replace(/(#.*)?$/, "?estate$1");
      }
      const item = make("li"), link = make("a", "All schools");
      link.href = menu.dataset.up;
      item.append(link);
      menu.prepend(item);
    }
  }
})();
