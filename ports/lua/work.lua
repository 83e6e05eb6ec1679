-- SPDX-License-Identifier: MIT
-- Real work for Lua, the same on every machine: what it prints in Pagoda must be what it prints on the host, byte for byte.
-- Nothing here shows an address, a time or a hash order.

local scratch = arg[1] or "/tmp"
local size = tonumber(arg[2] or "1") -- how much of it; the memory it needs grows with it

local seed = 88172645463325252
local function random() -- xorshift: 64 bits that wrap
    seed = seed ~ (seed << 13)
    seed = seed ~ (seed >> 7)
    seed = seed ~ (seed << 17)
    return seed
end

local function title(text) print("== " .. text) end

title("numbers")
print(_VERSION, math.maxinteger, math.mininteger, math.maxinteger + 1 == math.mininteger, 1 // 0.0, -1 // 0.0)
print(7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, -7.5 % 2, 1e15, 1e16, 2 ^ 53, 2 ^ 63, 10 / 2, 3 | 12, 5 ~ 3, ~0, 1 << 63, 1 << 64)
print(0.1, 1 / 3, 1e100, 1e-100, 5e-324, 1.7976931348623157e308, 123456789.123, -0.0, 100.0, 1e15 / 7)
print(math.pi, math.sqrt(2), math.exp(1), math.log(10), math.log(1024, 2), math.sin(1), math.cos(1), math.tan(1), math.atan(1, 2))
print(math.floor(-3.5), math.ceil(-3.5), math.fmod(-7, 3), math.tointeger(3.0), math.type(1), math.type(1.0), math.ult(1, -1))
print(string.format("%d %5d %-5d| %05d %x %X %#x %o %i %u", 42, 42, 42, 42, 255, 255, 255, 8, -1, 7))
print(string.format("%f %.0f %.1f %.20f %10.3f %-10.3f| %+.2e %G %g %g", 0.1, 0.5, 0.25, 0.1, math.pi, math.pi, 12345.678, 1e-7, 1e20, 0.0001))
print(string.format("%a %a %.3a %A", 1.0, 0.1, math.pi, -2.5), string.format("%.99f", 1 / 3), string.format("%.14g|%.17g", 0.1, 0.1))
print(string.format("%q %q %q", 1 / 3, math.mininteger, "a\n\0b\"\\\r"), string.format("%s %10s %-10s| %.2s %c%c", "x", "y", "z", "abc", 65, 66))
for _, text in ipairs { "0x10", "1e1", " 12 ", "0x.8p1", "1e400", "-1e-400", "0x1p-1074", "9007199254740993", "1.7976931348623159e308", "4.35",
                        "2.2250738585072011e-308", "179769313486231580793728971405301e276", "inf", "nan", "", "1e", "0x", "9223372036854775808" } do
    print(text, tonumber(text), math.type(tonumber(text) or 0))
end
local lines = {}
for i = 1, 400 * size do -- floats of every size: printed and read back
    local x = string.unpack("<d", string.pack("<I8", random()))
    if x == x and x ~= 1 / 0 and x ~= -1 / 0 then
        assert(tonumber(string.format("%.17g", x)) == x and tonumber(string.format("%a", x)) == x)
        lines[#lines + 1] = string.format("%.17g %.3e %g", x, x, x)
    end
end
print(#lines, lines[1], lines[#lines])
print(table.concat(lines, "\n", 1, 40))

title("strings")
local text = ("the quick brown fox jumps over the lazy dog "):rep(20 * size)
local words = {}
for word in text:gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
local names = {}
for word in pairs(words) do names[#names + 1] = word end
table.sort(names)
for _, word in ipairs(names) do io.write(word, "=", words[word], " ") end
print()
print(text:gsub("%a+", function(w) return w:sub(1, 1):upper() .. w:sub(2) end):sub(1, 60), #text, text:find("lazy", 1, true), text:byte(1, 3))
print(("a,b,,c"):gsub(",", ";"), ("x = 1, y = 2"):gsub("(%w+) = (%w+)", "%2 = %1"), ("héllo"):len(), utf8.len("héllo"), utf8.char(228, 8364, 128512))
for p, c in utf8.codes("aé€") do io.write(p, ":", c, " ") end
print(("%b()"):rep(2), ("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"), ("abc"):reverse(), ("%5s"):format("é"))
print(string.pack(">I2 s1 z", 258, "abc", "def"):byte(1, -1))
print(string.unpack("<i4 >i4", "\1\0\0\0\0\0\0\2"))

title("tables")
local t = {}
for i = 1, 5000 * size do t[i] = random() % 100000 end
table.sort(t)
local sum = 0
for i, v in ipairs(t) do sum = (sum * 31 + v * i) % 1000000007 end
print(#t, t[1], t[#t], sum)
table.sort(t, function(a, b) return a > b end)
print(t[1], t[#t], select("#", table.unpack(t, 1, 200)), table.concat(t, ",", 1, 10))
for i = 1, 1000 do table.insert(t, i % 100 + 1, i) end
for _ = 1, 1000 do sum = (sum + table.remove(t, 7) * 3) % 1000000007 end
print(sum, #t, table.unpack(table.move({ 1, 2, 3, 4, 5 }, 2, 5, 1)))
local grid = setmetatable({}, { __index = function(s, k) local v = k * k; rawset(s, k, v); return v end, __call = function(_, a, b) return a + b end,
                                __len = function() return 77 end, __concat = function(a, b) return "cat" end, __tostring = function() return "grid" end })
print(grid[12], rawget(grid, 12), rawget(grid, 13), grid(1, 2), #grid, grid .. 1, tostring(grid))

title("closures and coroutines")
local function counter()
    local n = 0
    return function() n = n + 1; return n end, function() return n end
end
local up, now = counter()
for _ = 1, 10 do up() end
print(now(), select("#", counter()))
local function primes(limit)
    return coroutine.wrap(function()
        local composite = {}
        for i = 2, limit do
            if not composite[i] then
                coroutine.yield(i)
                for k = i * i, limit, i do composite[k] = true end
            end
        end
    end)
end
local count, last = 0, 0
for p in primes(20000 * size) do count, last = count + 1, p end
print(count, last)
local function permutations(list, n)
    if n == 0 then coroutine.yield(list) end
    for i = 1, n do
        list[n], list[i] = list[i], list[n]
        permutations(list, n - 1)
        list[n], list[i] = list[i], list[n]
    end
end
local all = {}
for p in coroutine.wrap(function() permutations({ "a", "b", "c", "d" }, 4) end) do all[#all + 1] = table.concat(p) end
table.sort(all)
print(#all, table.concat(all, " "))
local co = coroutine.create(function(a) local b = coroutine.yield(a * 2); error({ code = a + b }) end)
print(coroutine.resume(co, 21), coroutine.status(co))
local ok, why = coroutine.resume(co, 1)
print(ok, why.code, coroutine.status(co), coroutine.resume(co))

title("errors")
print(pcall(error, "plain", 0), pcall(error), select(2, pcall(function() local x = nil; return x.y end)))
print(xpcall(function() error("deep", 0) end, function(m) return "handled " .. m end), select(2, pcall(string.rep)))
print(load("return 1 +", "chunk"), load("return ...", "chunk")(5), select(2, pcall(load, nil)))
local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
local function nested(text) return (text:gsub("x", nested)) end
print(deep(10000), (select(2, pcall(nested, "x")):gsub("^.*:%d+: ", "")))
goto over
print("never")
::over::
do
    local closed = {}
    local function scope()
        local a <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "a" end })
        local b <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "b" end })
        local c <const> = 5
        return c
    end
    print(scope(), table.concat(closed))
end

title("garbage")
local weak, kept, finalised = setmetatable({}, { __mode = "k" }), {}, 0
for i = 1, 300 do
    local key = setmetatable({}, { __gc = function() finalised = finalised + 1 end })
    weak[key] = i
    if i % 3 == 0 then kept[#kept + 1] = key end
end
collectgarbage()
collectgarbage()
local left = 0
for _ in pairs(weak) do left = left + 1 end
print(left, finalised, #kept)
local junk = {}
for round = 1, 20 do
    junk = {}
    for i = 1, 2000 * size do junk[i] = { round, i, tostring(i) .. "x" } end
end
print(#junk, junk[2000 * size][3], collectgarbage("count") > 100, collectgarbage("step") ~= nil, collectgarbage("generational"), collectgarbage("incremental"))

title("io")
local name = scratch .. "/work.tmp"
local f = assert(io.open(name, "w"))
for i = 1, 1000 * size do f:write(i, " ", i * i, " ", i / 8, "\n") end
print(f:seek("cur"), f:seek("set", 10), f:write("X"), f:close())
f = assert(io.open(name))
print(f:read("n", "n", "n"), f:read("l"), f:read("L"), f:read(5), f:read(0), #f:read("a"), f:read("a"), f:read("l"), f:read(0))
f:close()
local total, n = 0, 0
for line in io.lines(name) do n, total = n + 1, total + #line end
print(n, total)
f = assert(io.open(name, "r+"))
f:seek("end", -5)
print(f:read("a"))
f:seek("set", 3)
f:write("overwritten")
f:flush()
f:seek("set", 0)
print(f:read("l"))
f:close()
f = assert(io.open(name, "a+"))
f:write("tail\n")
f:seek("set", 0)
print(#f:read("a"), io.type(f), io.type(io.stdout), f:setvbuf("full", 4096), f:close(), io.type(f))
print(pcall(f.read, f))
print(select(3, io.open(scratch .. "/does/not/exist")), pcall(io.open, name, "rw"))
io.output(name)
io.write("through io.output ", 1, " ", 2.5, "\n")
io.close()
io.output(io.stdout)
io.input(name)
print(io.read("a"))
io.close(io.input())
io.input(io.stdin)
local temporary = io.tmpfile()
temporary:write(("0123456789"):rep(1000))
print(temporary:seek("end"), temporary:seek("set", 5000), temporary:read(10))
temporary:close()
local p = assert(io.popen("echo from a pipe; echo second", "r"))
print(p:read("a"), p:close())
print(io.popen("exit 7"):close())
p = io.popen("cat > " .. scratch .. "/pipe.tmp", "w")
p:write("written through a pipe\n")
print(p:close(), io.lines(scratch .. "/pipe.tmp")())

title("os")
print(os.rename(name, name .. "2"), io.open(name) == nil, os.remove(name .. "2"), select(2, os.remove(name .. "2")) ~= nil, os.remove(scratch .. "/pipe.tmp"))
print(os.execute("exit 3"), os.execute("true"), os.execute(), os.getenv("NO_SUCH_VARIABLE"))
print(os.date("!%Y-%m-%d %H:%M:%S %j %a %b %p", 86400 * 365 + 3661), os.time({ year = 2001, month = 2, day = 3, hour = 4 }) - os.time({ year = 2001, month = 2, day = 2, hour = 4 }))
print(os.date("!*t", 1000000000).year, os.difftime(5, 3), os.clock() >= 0, os.setlocale(), os.setlocale("C"), os.setlocale("no_SUCH"))

title("a program that makes a program")
local source = {}
for i = 1, 200 do source[#source + 1] = "local v" .. i % 150 .. " = " .. i .. " * (x or 1)" end
source[#source + 1] = "return v1 + v149"
local chunk = assert(load("local x = ...; do " .. table.concat(source, "; ", 1, 100) .. " end return x and x * 2"))
print(chunk(21), #string.dump(chunk) > 1000, load(string.dump(chunk), "binary", "b")(4))
io.stderr:write("")
os.exit(true, true)
