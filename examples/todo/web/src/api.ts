// The socket, and what can be asked of the server.

import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, Fields, Rejected, ServerToClientEvents, Todo } from "./contract";

const ANSWER_WITHIN = 10_000; // ms

export const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io();

/** What the server refused, in its words: those for the field, where it is one. */
export class RefusedError extends Error {
  constructor({ error: { message, data } }: Rejected<Fields>) {
    super(data && "title" in data ? data.title : message);
  }
}

/** The value of an answer; what is refused is thrown. */
function value<T>(answer: T | Rejected<Fields>): T {
  if (answer && typeof answer === "object" && "error" in answer) throw new RefusedError(answer);
  return answer as T;
}

const server = () => socket.timeout(ANSWER_WITHIN);

export const list = async (): Promise<Todo[]> => value(await server().emitWithAck("todo:list"));

export const create = async (title: string): Promise<Todo> =>
  value(await server().emitWithAck("todo:create", { title }));

export const update = async (change: { id: number; title?: string; done?: boolean }): Promise<Todo> =>
  value(await server().emitWithAck("todo:update", change));

export const remove = async (id: number): Promise<void> => {
  value(await server().emitWithAck("todo:delete", { id }));
};
