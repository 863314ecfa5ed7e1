#!/bin/bash
# A test of Erlang's file:sendfile: sends the file `in` over a connection, which becomes `out`. Run it in
# a scratch folder.
. "$(dirname "$0")/need.sh"
need erlc erlang-base
need erl erlang-base
cat >send.erl <<'END'
-module(send).
-export([start/0]).
start() ->
  {ok, Listening} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
  {ok, Port} = inet:port(Listening),
  Reader = self(),
  spawn_link(fun() ->
    {ok, Peer} = gen_tcp:accept(Listening),
    Reader ! file:sendfile("in", Peer),
    gen_tcp:close(Peer)
  end),
  {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]),
  ok = file:write_file("out", all(Socket, [])),
  receive {ok, Size} -> io:format("sent ~w~n", [Size]), halt(0); Other -> io:format("~w~n", [Other]), halt(1)
  end.
all(Socket, Got) ->
  case gen_tcp:recv(Socket, 0) of
    {ok, Data} -> all(Socket, [Got, Data]);
    {error, closed} -> Got
  end.
END
[ -f send.beam ] || erlc send.erl || exit
exec erl -noshell -s send
