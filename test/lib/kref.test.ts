// SPDX-License-Identifier: GPL-2.0-only
/** kref has no rules of its own: that its calls are those of refcount_t. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Local } from "../support/local.ts";

test("an object is released by whoever puts the last reference, and by nobody else", () => {
  const local = new Local();
  const kref = local.alloc(4);
  local.call("kref_init", kref);
  assert.is(local.call("kref_read", kref), 1);
  local.call("kref_get", kref);
  assert.is(local.call("kref_get_unless_zero", kref), 1);
  assert.is(local.call("kref_read", kref), 3);
  assert.is(local.call("kref_put", kref), 0);
  assert.is(local.call("kref_put", kref), 0);
  assert.is(local.call("kref_put", kref), 1);
  assert.is(local.call("kref_get_unless_zero", kref), 0, "nothing revives it");
  assert.equal(local.warnings(), []);
});

test("a get without a reference and a put too many are warned of", () => {
  const local = new Local();
  const kref = local.alloc(4);
  local.call("kref_get", kref);
  local.poke(kref, 0);
  assert.is(local.call("kref_put", kref), 0);
  assert.equal(local.warnings(), [
    "WARN_REFCOUNT_ADDITION_ON_0_USE_AFTER_FREE",
    "WARN_REFCOUNT_UNDERFLOW_USE_AFTER_FREE",
  ]);
});

test.run();
