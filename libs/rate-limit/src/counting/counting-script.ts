import type { Hit, Verdict } from './hit-counter.js';
import { slotLength, SLOTS } from './slot-window.js';

/** The clock of the Redis server, in milliseconds: the clocks of the processes do not matter. */
export const REDIS_CLOCK = `(function()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
  end)()`;

/** More than any limit, and few enough digits for Redis to add to it. */
const MAX_COUNT = 1_000_000_000_000;

/**
 * Judges and counts all hits of a request. Does with a hash per key what SlotWindow does in memory.
 * A count that is not a positive integer is damaged or forged. It is deleted, because a negative one would lift the limit.
 * @param clock a Lua expression: the time in milliseconds.
 */
export function countingScript(clock: string): string {
  return `
  local now = ${clock}
  local refused = false
  local judged = {}
  for i, key in ipairs(KEYS) do
    local limit, slot_ms = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
    local current = math.floor(now / slot_ms)
    local fields = redis.call('HGETALL', key)
    local slots, counts, total, moved = {}, {}, 0, 0
    for j = 1, #fields, 2 do
      local slot, count = tonumber(fields[j]), tonumber(fields[j + 1])
      local valid = string.find(fields[j + 1], '^[1-9]%d*$') and count <= ${MAX_COUNT}
      if not valid or not slot or slot ~= math.floor(slot) then
        redis.call('HDEL', key, fields[j])
      elseif slot > current then
        redis.call('HDEL', key, fields[j])
        moved = moved + count
      elseif slot < current - ${SLOTS} then
        redis.call('HDEL', key, fields[j])
      else
        slots[#slots + 1] = slot
        counts[slot] = count
        total = total + count
      end
    end
    if moved > 0 then
      redis.call('HINCRBY', key, string.format('%.0f', current), moved)
      redis.call('PEXPIRE', key, ${SLOTS + 1} * slot_ms)
    end
    judged[i] = { limit = limit, slot_ms = slot_ms, current = current, slots = slots, counts = counts, total = total + moved }
    if moved > 0 then
      if not counts[current] then slots[#slots + 1] = current end
      counts[current] = (counts[current] or 0) + moved
    end
    judged[i].exceeded = judged[i].total >= limit
    if judged[i].exceeded and ARGV[3 * i] == '0' then refused = true end
  end
  local verdicts = {}
  for i, key in ipairs(KEYS) do
    local rule = judged[i]
    if not refused and not rule.exceeded then
      redis.call('HINCRBY', key, string.format('%.0f', rule.current), 1)
      redis.call('PEXPIRE', key, ${SLOTS + 1} * rule.slot_ms)
      if not rule.counts[rule.current] then rule.slots[#rule.slots + 1] = rule.current end
      rule.counts[rule.current] = (rule.counts[rule.current] or 0) + 1
      rule.total = rule.total + 1
    end
    table.sort(rule.slots)
    local excess, reset = math.max(1, rule.total - rule.limit + 1), 0
    for _, slot in ipairs(rule.slots) do
      excess = excess - rule.counts[slot]
      if excess <= 0 then
        reset = (slot + ${SLOTS + 1}) * rule.slot_ms - now
        break
      end
    end
    verdicts[#verdicts + 1] = rule.exceeded and 1 or 0
    verdicts[#verdicts + 1] = math.max(0, rule.limit - rule.total)
    verdicts[#verdicts + 1] = reset
  end
  return verdicts`;
}

/** The keys and the arguments of the script. */
export function scriptArguments(hits: readonly Hit[]): string[] {
  return [
    ...hits.map(({ key }) => key),
    ...hits.flatMap(({ limit, windowSeconds, shadow }) => [
      String(limit),
      String(slotLength(windowSeconds)),
      shadow ? '1' : '0',
    ]),
  ];
}

/** @throws Error if the answer is not that of the script. */
export function toVerdicts(answer: unknown, hits: readonly Hit[]): Verdict[] {
  const numbers = Array.isArray(answer) ? answer.map(Number) : [];
  if (numbers.length !== 3 * hits.length || !numbers.every(Number.isFinite))
    throw new Error('Redis gave an unexpected answer.');
  return hits.map((_hit, index) => ({
    exceeded: numbers[3 * index] === 1,
    remaining: numbers[3 * index + 1] ?? 0,
    resetMs: numbers[3 * index + 2] ?? 0,
  }));
}
