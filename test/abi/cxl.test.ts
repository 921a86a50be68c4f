// SPDX-License-Identifier: GPL-2.0-only
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  COMMAND_COUNT,
  CommandId,
  CXL_MEM_QUERY_COMMANDS,
  CXL_MEM_SEND_COMMAND,
  commandName,
  type IoctlRequest,
  query,
  queryCount,
  resultOf,
  send,
} from "../../host/abi/cxl.ts";
import {
  CEL_UUID,
  decodeCel,
  decodeIdentify,
  decodeSupportedLogs,
  getLogInput,
  getLsaInput,
  returnCodeName,
  VENDOR_DEBUG_UUID,
} from "../../host/abi/cxl-payloads.ts";
import { Errno, errnoName } from "../../host/abi/errno.ts";
import { UsageError } from "../../host/errors.ts";
import { configure, DeviceUnderTest } from "../drivers/cxl/fixture.ts";
import { LocalKernel } from "../drivers/cxl/kernel.ts";

const kernel = new LocalKernel();
configure(kernel, { rawCommands: true, lockedDown: false, rawAllowAll: false });
const device = new DeviceUnderTest(kernel);
assert.is(device.probe(), 0);

/** Does the ioctl, with user memory that begins with odd bytes. */
function ioctl<Reply>(request: IoctlRequest<Reply>) {
  kernel.user.fill(0xa5);
  const memory = kernel.user.subarray(64, 64 + request.bytes);
  const address = kernel.map.userStart + 64;
  request.encode(memory, address);
  return resultOf(request, memory, device.ioctl(request.cmd, BigInt(address)));
}

function reply<Reply>(request: IoctlRequest<Reply>): Reply {
  const result = ioctl(request);
  if (result.ok) return result.reply;
  throw new Error(`the ioctl returned ${result.code}`);
}

test("numbers and ids are those of the kernel module", () => {
  assert.is(CXL_MEM_QUERY_COMMANDS, kernel.constant("CXL_MEM_QUERY_COMMANDS") >>> 0);
  assert.is(CXL_MEM_SEND_COMMAND, kernel.constant("CXL_MEM_SEND_COMMAND") >>> 0);
  for (const [name, id] of Object.entries(CommandId)) {
    assert.is(id, kernel.constant(`CXL_MEM_COMMAND_ID_${name}`), name);
    assert.is(commandName(id), name);
  }
  assert.is(COMMAND_COUNT, kernel.constant("CXL_MEM_COMMAND_ID_MAX"));
  assert.is(commandName(77), "command 77");
});

test("query() and queryCount() read back what the driver tells", () => {
  assert.is(reply(queryCount()), COMMAND_COUNT);
  const infos = reply(query());
  assert.equal(
    infos.map(({ id }) => id),
    [0, 1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.equal(infos[1], { id: 1, flags: 0, sizeIn: 0, sizeOut: 0x43 });
  assert.equal(infos[8], { id: 8, flags: 0, sizeIn: 0x18, sizeOut: -1 });
  assert.equal(reply(query(2)), infos.slice(0, 2));
  assert.is(reply(query(500)).length, COMMAND_COUNT);
});

test("send() carries input and output, by name and by number", () => {
  const identify = reply(send({ id: "IDENTIFY", outSize: 0x43 }));
  assert.is(identify.retval, 0);
  assert.is(identify.size, 0x43);
  assert.equal(decodeIdentify(identify.out), {
    fwRevision: "hotunplug-fw 1.0",
    totalCapacity: 0x40n,
    volatileCapacity: 0x10n,
    persistentCapacity: 0x30n,
    partitionAlign: 0n,
    lsaBytes: 1024,
  });
  const lsa = reply(send({ id: CommandId.GET_LSA, in: getLsaInput(3, 5), outSize: 512 }));
  assert.equal([...lsa.out], [44, 57, 70, 83, 96]);
});

test("send() reads logs: the list, and the Command Effects Log", () => {
  const { out } = reply(send({ id: "GET_SUPPORTED_LOGS", outSize: 512 }));
  assert.equal(decodeSupportedLogs(out), [
    { uuid: VENDOR_DEBUG_UUID, bytes: 768 },
    { uuid: CEL_UUID, bytes: 28 },
  ]);
  const log = reply(send({ id: "GET_LOG", in: getLogInput(CEL_UUID, 24, 4), outSize: 512 }));
  assert.equal(decodeCel(log.out), [{ opcode: 0x0401, effect: 0 }]);
});

test("an opcode is sent as RAW, and an error of the device is no error of the ioctl", () => {
  const raw = reply(send({ opcode: 0x4200, outSize: 0x12 }));
  assert.is(raw.out[3], 1);
  const { retval } = reply(send({ opcode: 0xc123 }));
  assert.is(returnCodeName(retval), "unsupported");
  assert.is(returnCodeName(0x1234), "return code 0x1234");
});

test("an errno comes with its name", () => {
  assert.equal(ioctl(send({ id: "IDENTIFY", outSize: 1 })), {
    ok: false,
    errno: 12,
    code: "ENOMEM",
  });
  assert.equal(ioctl(send({ opcode: 0x4500 })), { ok: false, errno: 1, code: "EPERM" });
  assert.is(errnoName(0), "0");
  assert.is(errnoName(-6), "ENXIO");
  assert.is(errnoName(-999), "errno 999");
  assert.is(new Set(Object.values(Errno)).size, Object.keys(Errno).length);
});

test("an output longer than outSize is read from the reserved memory", () => {
  const short = reply(send({ id: "GET_SUPPORTED_LOGS", outSize: 4, reserve: 512 }));
  assert.is(short.size, 48);
  assert.is(short.out.length, 48);
  assert.is(reply(send({ id: "GET_SUPPORTED_LOGS", outSize: 4 })).out.length, 4);
});

test("requests that make no sense are a UsageError", () => {
  const bad: (() => unknown)[] = [
    () => query(0),
    () => query(1.5),
    () => send({}),
    () => send({ id: -1 }),
    () => send({ id: "IDENTIFY", opcode: 1 }),
    () => send({ opcode: 0x10000 }),
    () => send({ id: 1, outSize: -1 }),
    () => send({ id: 1, outSize: 2 ** 31 }),
    () => send({ id: 1, reserve: Number.NaN }),
  ];
  for (const make of bad) assert.throws(make, (error: unknown) => error instanceof UsageError);
});

test.run();
