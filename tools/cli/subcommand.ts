import type { Command } from 'commander';

/** A command with --json, which all commands have. */
export function subcommand(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option('--json', 'print JSON');
}

/** A group of commands, such as `tenants`. */
export function commandGroup(program: Command, name: string, description: string): Command {
  return program.command(name).description(description);
}
