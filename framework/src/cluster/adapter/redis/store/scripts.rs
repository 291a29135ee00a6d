//! What Redis does in one step. Each script has the prefix of all keys as its one key, so that Redis
//! Cluster runs it where they are.

use redis::Script;

pub(super) struct Scripts {
    pub(super) open: Script,
    pub(super) renew: Script,
    pub(super) write: Script,
    pub(super) reap: Script,
    pub(super) release: Script,
    pub(super) page: Script,
    pub(super) last_seen: Script,
    pub(super) nodes: Script,
}

/// Times are Redis' own. A value of an entry is the lease, a space, and the meta.
const COMMON: &str = r"
local prefix = KEYS[1]

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Which process this is, if that may be asked.
local function process()
  local info = redis.pcall('INFO', 'server')
  local id = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
  return string.sub(id, 1, 12)
end

local function new_epoch()
  local time = redis.call('TIME')
  local new = process() .. '.' .. time[1] .. '.' .. time[2]
  redis.call('HSET', prefix .. 'changes', 'epoch', new)
  return new
end

local function epoch()
  return redis.call('HGET', prefix .. 'changes', 'epoch') or new_epoch()
end

local function is_held(lease)
  local over = redis.call('ZSCORE', prefix .. 'nodes', lease)
  return over and tonumber(over) > now()
end

-- Appends a key, how many entries it has, how many metas follow, and those.
local function describe(out, topic, key)
  local place = prefix .. topic .. ':' .. key
  local count = redis.call('HLEN', place)
  local metas = {}
  if count > 0 then
    local pairs = count <= 32 and redis.call('HGETALL', place) or redis.call('HSCAN', place, 0, 'COUNT', 32)[2]
    for i = 2, math.min(#pairs, 64), 2 do
      metas[#metas + 1] = string.match(pairs[i], '^%S+ (.*)$') or 'null'
    end
  end
  out[#out + 1] = key
  out[#out + 1] = tostring(count)
  out[#out + 1] = tostring(#metas)
  for _, meta in ipairs(metas) do out[#out + 1] = meta end
end

-- Which keys of which topics have changed, in order.
local order, touched = {}, {}

local function touch(topic, key)
  if not touched[topic] then
    touched[topic] = { keys = {}, known = {} }
    order[#order + 1] = topic
  end
  local topics = touched[topic]
  if not topics.known[key] then
    topics.known[key] = true
    topics.keys[#topics.keys + 1] = key
  end
end

local function tell()
  if #order == 0 then return end
  local life = epoch()
  for _, topic in ipairs(order) do
    local number = redis.call('HINCRBY', prefix .. 'changes', 'number', 1)
    local out = { life, string.format('%.0f', number), topic }
    for _, key in ipairs(touched[topic].keys) do describe(out, topic, key) end
    redis.call('PUBLISH', prefix .. 'changes', cjson.encode(out))
  end
end

local function put(lease, topic, key, socket, meta)
  local place = prefix .. topic .. ':' .. key
  local before = redis.call('HGET', place, socket)
  redis.call('HSET', place, socket, lease .. ' ' .. meta)
  redis.call('SADD', prefix .. 'node:' .. lease .. ':entries', topic .. ':' .. key .. ':' .. socket)
  -- Also where it should be: what is written again makes good what Redis has evicted.
  redis.call('ZADD', prefix .. topic .. ':connections', 0, key)
  if not before or string.match(before, '^%S+ (.*)$') ~= meta then touch(topic, key) end
end

local function remove(lease, topic, key, socket, at, keep)
  local place = prefix .. topic .. ':' .. key
  local before = redis.call('HGET', place, socket)
  if not before or string.match(before, '^(%S+) ') ~= lease then return end
  redis.call('HDEL', place, socket)
  if redis.call('EXISTS', place) == 0 then
    redis.call('ZREM', prefix .. topic .. ':connections', key)
    if topic == 'user' then
      redis.call('SET', place .. ':seen', string.format('%.0f', at), 'PX', keep)
    end
  end
  touch(topic, key)
end

-- Removes entries of a lease, so many at most; whether there may be more.
local function clear(lease, at, limit, keep)
  local entries = prefix .. 'node:' .. lease .. ':entries'
  local places = redis.call('SPOP', entries, limit)
  for _, entry in ipairs(places) do
    local topic, key, socket = string.match(entry, '^(.*):([^:]*):([^:]*)$')
    if topic then remove(lease, topic, key, socket, at, keep) end
  end
  tell()
  if redis.call('EXISTS', entries) == 1 then return 1 end
  redis.call('ZREM', prefix .. 'nodes', lease)
  redis.call('DEL', prefix .. 'node:' .. lease)
  return 0
end
";

/// Begins another life where another process wrote last: what this one knows may be older, from a
/// snapshot or a replica, and the numbers of changes with it.
const OPEN: &str = r"
local known = redis.call('HGET', prefix .. 'changes', 'epoch')
if known and string.match(known, '^%w*') ~= process() then new_epoch() end
return 1
";

/// lease, whether to take it, its time to live, connections: the number of entries, or -1, and the
/// epoch.
const RENEW: &str = r"
local lease, take, time_to_live, connections = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local known = redis.call('ZSCORE', prefix .. 'nodes', lease)
local time = now()
if known then
  if tonumber(known) <= time then return { -1, '' } end
elseif take == '1' then
  redis.call('HSET', prefix .. 'node:' .. lease, 'started', string.format('%.0f', time))
else
  return { -1, '' }
end
redis.call('ZADD', prefix .. 'nodes', time + time_to_live, lease)
redis.call('HSET', prefix .. 'node:' .. lease, 'connections', connections)
return { redis.call('SCARD', prefix .. 'node:' .. lease .. ':entries'), epoch() }
";

/// lease, for how long a user's last time is kept, then for each change: whether it is put, topic,
/// key, socket, meta. Whether it was written.
const WRITE: &str = r"
local lease, keep = ARGV[1], ARGV[2]
if not is_held(lease) then return 0 end
local time = now()
for i = 3, #ARGV, 5 do
  local topic, key, socket = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  if ARGV[i] == '1' then
    put(lease, topic, key, socket, ARGV[i + 4])
  else
    redis.call('SREM', prefix .. 'node:' .. lease .. ':entries', topic .. ':' .. key .. ':' .. socket)
    remove(lease, topic, key, socket, time, keep)
  end
end
tell()
return 1
";

/// limit, keep: whether to go on, and in how many milliseconds the next lease is over, or -1.
const REAP: &str = r"
local limit, keep = ARGV[1], ARGV[2]
local time = now()
local over = redis.call('ZRANGEBYSCORE', prefix .. 'nodes', '-inf', time, 'WITHSCORES', 'LIMIT', 0, 1)
if over[1] then
  clear(over[1], math.max(tonumber(over[2]), 0), limit, keep)
  return { 1, -1 }
end
local next = redis.call('ZRANGE', prefix .. 'nodes', 0, 0, 'WITHSCORES')
if not next[2] then return { 0, -1 } end
return { 0, tonumber(next[2]) - time }
";

/// lease, limit, keep: whether to go on.
const RELEASE: &str = r"
local lease, limit, keep = ARGV[1], ARGV[2], ARGV[3]
local time = now()
-- Whoever finds it goes on, should its node not. It may also be all that is lost.
redis.call('ZADD', prefix .. 'nodes', time, lease)
return clear(lease, time, limit, keep)
";

/// topic, after or nothing, limit: epoch, number, where the next page begins, keys.
const PAGE: &str = r"
local topic, after, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local from = after == '' and '-' or '(' .. after
local keys = redis.call('ZRANGEBYLEX', prefix .. topic .. ':connections', from, '+', 'LIMIT', 0, limit + 1)
local out = { epoch(), redis.call('HGET', prefix .. 'changes', 'number') or '0', '' }
if #keys > limit then
  keys[#keys] = nil
  out[3] = keys[#keys]
end
for _, key in ipairs(keys) do
  -- What it says may have been evicted.
  if redis.call('EXISTS', prefix .. topic .. ':' .. key) == 1 then describe(out, topic, key) end
end
return out
";

/// key: milliseconds, or nothing.
const LAST_SEEN: &str = r"
local place = prefix .. 'user:' .. ARGV[1]
if redis.call('EXISTS', place) == 1 then return string.format('%.0f', now()) end
return redis.call('GET', place .. ':seen')
";

/// For each: lease, started, connections.
const NODES: &str = r"
local out = {}
for _, lease in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'nodes', '(' .. string.format('%.0f', now()), '+inf')) do
  local info = redis.call('HMGET', prefix .. 'node:' .. lease, 'started', 'connections')
  out[#out + 1] = lease
  out[#out + 1] = info[1] or '0'
  out[#out + 1] = info[2] or '0'
end
return out
";

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |code: &str| Script::new(&format!("{COMMON}{code}"));
        Self {
            open: script(OPEN),
            renew: script(RENEW),
            write: script(WRITE),
            reap: script(REAP),
            release: script(RELEASE),
            page: script(PAGE),
            last_seen: script(LAST_SEEN),
            nodes: script(NODES),
        }
    }
}
