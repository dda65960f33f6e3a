import { Link } from 'wouter';
import type { AssessmentInfo, FolderList } from '../api/types';
import { useResource } from '../api/use-resource';
import { number } from '../components/dot-intervals';
import { Page, Problem } from '../components/parts';
import { words } from '../strings';

export default function Assessments() {
  const cards = useResource<FolderList<AssessmentInfo>>('/assessments');
  return (
    <Page title={words.nav.assess} lead={words.assess.lead}>
      <div className="stack">
        <Problem text={cards.error} />
        {cards.data?.items.length === 0 && (
          <div className="empty">
            <p style={{ margin: 0 }}>{cards.data.note || words.assess.none}</p>
            <p style={{ margin: '0.4rem 0 0' }}>
              <code>thymos assess MODEL</code>
            </p>
          </div>
        )}
        {cards.data !== null && cards.data.items.length > 0 && cards.data.note !== '' && <p className="soft small">{cards.data.note}</p>}
        <ul className="cards">
          {cards.data?.items.map((card) => (
            <li key={card.id} className="card">
              <h2 style={{ margin: 0, fontSize: '1.15rem', overflowWrap: 'anywhere' }}>
                <Link href={`/assess/${card.id}`}>{card.models.join(words.assess.and)}</Link>
              </h2>
              <p className="soft small">
                {words.assess.suite(card.suite)} · {card.date}
              </p>
              <dl className="bars" style={{ gridTemplateColumns: 'minmax(0, 1fr) max-content' }}>
                {card.headline.map((score) => (
                  <div key={score.section}>
                    <dt>{score.section}</dt>
                    <dd className="share">{score.value === null ? '–' : number(score.value)}</dd>
                  </div>
                ))}
              </dl>
            </li>
          ))}
        </ul>
        {cards.data !== null && <p className="soft small">{words.folder(cards.data.folder)}</p>}
      </div>
    </Page>
  );
}
