import { relayCommands } from './relay-commands.ts';
import { serve } from './serve.ts';

serve(relayCommands);
