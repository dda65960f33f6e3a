import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { FolderList, StudyInfo } from '../api/types';
import { useResource } from '../api/use-resource';
import { Page, Problem } from '../components/parts';
import { words } from '../strings';

export const VERDICTS = ['holds', 'not shown', 'contradicted', 'not testable here'];

export function Verdict(props: { verdict: string; count?: number }) {
  const kind = props.verdict === 'holds' ? 'tag good' : props.verdict === 'contradicted' ? 'tag bad' : 'tag';
  return (
    <span className={kind}>
      {props.count !== undefined && `${String(props.count)} `}
      {props.verdict}
    </span>
  );
}

export default function Studies() {
  const studies = useResource<FolderList<StudyInfo>>('/studies');
  const [wanted, setWanted] = useState('');
  const items = (studies.data?.items ?? []).filter((study) => study.title.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <Page title={words.nav.studies} lead={words.studies.lead}>
      <div className="stack">
        <Problem text={studies.error} />
        {studies.data?.note && <p className={studies.data.items.length === 0 ? 'empty' : 'soft small'}>{studies.data.note}</p>}
        {(studies.data?.items.length ?? 0) > 0 && (
          <TextInput
            label={words.studies.search}
            value={wanted}
            maw={360}
            onChange={(event) => {
              setWanted(event.currentTarget.value);
            }}
          />
        )}
        {items.length > 0 && (
          <ul className="list">
            {items.map((study) => (
              <li key={study.slug} style={{ flexWrap: 'wrap' }}>
                <Link href={`/studies/${study.slug}`} style={{ minWidth: '12rem' }}>
                  <strong>{study.title}</strong>
                  <small>
                    {words.studies.about(study.rows, study.date)}
                    {study.simulated && ` · ${words.studies.simulated}`}
                  </small>
                </Link>
                <span className="row" style={{ gap: '0.3rem' }}>
                  {VERDICTS.filter((verdict) => study.verdicts[verdict] !== undefined).map((verdict) => (
                    <Verdict key={verdict} verdict={verdict} count={study.verdicts[verdict] ?? 0} />
                  ))}
                </span>
              </li>
            ))}
          </ul>
        )}
        {studies.data !== null && <p className="soft small">{words.folder(studies.data.folder)}</p>}
      </div>
    </Page>
  );
}
