import { words } from '../strings';
import type { QuestionnaireInfo } from '../api/types';

/** How many questions that count have no answer yet. */
export function openItems(info: QuestionnaireInfo, answers: Record<string, number>): number {
  return info.items.filter((item) => item.counts && answers[item.id] === undefined).length;
}

/** The items of an instrument as groups of radio buttons. */
export function QuestionnaireFields(props: {
  info: QuestionnaireInfo;
  answers: Record<string, number>;
  onChange: (answers: Record<string, number>) => void;
}) {
  const { info, answers, onChange } = props;
  return (
    <>
      {info.items.map((item, at) => (
        <fieldset className="question" key={item.id}>
          <legend>
            {at + 1}. {item.text}
            {!item.counts && <span className="soft"> {words.questionnaires.extra}</span>}
          </legend>
          <div className="options">
            {item.choices.map((choice) => {
              const value = Number(choice.value);
              return (
                <label className="option" key={choice.label}>
                  <input
                    type="radio"
                    name={`${info.slug}-${item.id}`}
                    checked={answers[item.id] === value}
                    onChange={() => {
                      onChange({ ...answers, [item.id]: value });
                    }}
                  />
                  <span>{choice.label}</span>
                </label>
              );
            })}
          </div>
        </fieldset>
      ))}
    </>
  );
}
