/** The names of the fields that the pages expect and that the server's OpenAPI document promises. */
import ts from 'typescript';

const TYPES = new URL('../shared/types.ts', import.meta.url).pathname;

/** A type of `shared/types.ts` and the schema that it must match. */
export const PAIRS: [string, string][] = [
  ['Staff', 'Me'],
  ['Overview', 'OverviewAnswer'],
  ['CaseSummary', 'CaseSummary'],
  ['CaseDetail', 'CaseDetailAnswer'],
  ['Subject', 'SubjectAnswer'],
  ['Person', 'MemberAnswer'],
  ['MessageFacts', 'MessageAnswer'],
  ['SealedFacts', 'SealedAnswer'],
  ['Reason', 'ReasonAnswer'],
  ['Report', 'ReportAnswer'],
  ['Decision', 'DecisionAnswer'],
  ['AccessRecord', 'AccessAnswer'],
  ['Revealed', 'RevealedAnswer'],
  ['RevealedMessage', 'RevealedMessageAnswer'],
  ['Hit', 'HitAnswer'],
  ['Delivery', 'DeliveryAnswer'],
];

export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  properties?: Record<string, unknown>;
}

export type Schemas = Record<string, Schema>;

/** The fields of every exported type, inherited ones too, sorted. */
export function expectedFields(): Map<string, string[]> {
  const program = ts.createProgram([TYPES], { strict: true, noEmit: true });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(TYPES);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${TYPES} could not be read`);
  return new Map(
    checker.getExportsOfModule(module).map((symbol) => {
      const fields = checker.getDeclaredTypeOfSymbol(symbol).getProperties();
      return [symbol.name, fields.map((field) => field.name).sort()];
    }),
  );
}

/** The fields of a schema, those of its parts too, sorted. */
export function promisedFields(schemas: Schemas, name: string): string[] {
  return fieldsOf(schemas, schemas[name] ?? {}).sort();
}

function fieldsOf(schemas: Schemas, schema: Schema): string[] {
  const named = schema.$ref ? schemas[schema.$ref.replace('#/components/schemas/', '')] : undefined;
  const nested = [...(named ? [named] : []), ...(schema.allOf ?? [])];
  return [...Object.keys(schema.properties ?? {}), ...nested.flatMap((part) => fieldsOf(schemas, part))];
}
