import { repairTests } from './repair_cases.js';

repairTests('openflow');
