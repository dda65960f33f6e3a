import type { Assessment as AssessmentBody, CardScore, CardSection } from '../api/types';
import { useResource } from '../api/use-resource';
import { DotIntervals, IntervalLegend, type Interval, number } from '../components/dot-intervals';
import { Page, Problem } from '../components/parts';
import { words } from '../strings';

export default function Assessment({ id }: { id: string }) {
  const card = useResource<AssessmentBody>(`/assessments/${id}`);
  const body = card.data;
  const others = body?.card.compared?.sections ?? [];
  return (
    <Page
      title={body?.models.join(words.assess.and) ?? words.nav.assess}
      lead={body === null ? undefined : `${words.assess.suite(body.suite)} · ${body.date}`}
      back={{ to: '/assess', text: words.assess.all }}
    >
      <div className="stack">
        <Problem text={card.error} />
        {body !== null && <IntervalLegend />}
        {body?.card.sections?.map((section) => (
          <Section
            key={section.slug}
            section={section}
            model={body.models[0] ?? ''}
            other={others.find((one) => one.slug === section.slug)}
            otherModel={body.models[1] ?? ''}
          />
        ))}
      </div>
    </Page>
  );
}

function Section(props: { section: CardSection; model: string; other: CardSection | undefined; otherModel: string }) {
  const { section, other } = props;
  return (
    <section className="card stack" aria-label={section.title}>
      <div className="row apart">
        <h2 style={{ margin: 0 }}>{section.title}</h2>
        <span className="tag">{section.kind}</span>
      </div>
      {section.skipped && <p className="soft">{section.skipped}</p>}
      {section.scores.map((score) => {
        const twin = other?.scores.find((one) => one.metric === score.metric && one.title === score.title);
        const rows = [intervalOf(score, props.model), ...(twin ? [intervalOf(twin, props.otherModel)] : [])].filter((row) => row !== null);
        return (
          <div key={`${score.metric}-${score.title}`}>
            <h3>{score.title}</h3>
            {rows.length > 0 && (
              <DotIntervals rows={rows} floor={score.floor ?? null} label={`${score.title}: ${rows.map((row) => `${row.name} ${number(row.value)}`).join(', ')}`} />
            )}
            <p className="soft small">
              {[
                score.standing,
                score.floor != null ? words.assess.floor(number(score.floor)) : '',
                score.higher_is_better === false ? words.assess.lower : '',
              ]
                .filter(Boolean)
                .join(' · ')}
            </p>
          </div>
        );
      })}
      {section.notes?.map((note) => (
        <p key={note} className="soft small">
          {note}
        </p>
      ))}
    </section>
  );
}

function intervalOf(score: CardScore, name: string): Interval | null {
  if (score.value === null) return null;
  return { name, kind: 'system', value: score.value, low: score.low ?? null, high: score.high ?? null, n: null };
}
