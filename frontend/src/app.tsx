import { Button, Loader } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { Problem } from './components/parts';
import { isOpen, Shell } from './components/shell';
import { MeProvider, useMe } from './me';
import { words } from './strings';

const Talk = lazy(() => import('./pages/talk'));
const Practices = lazy(() => import('./pages/practices'));
const Practice = lazy(() => import('./pages/practice'));
const Exercises = lazy(() => import('./pages/exercises'));
const ExerciseRun = lazy(() => import('./pages/exercise-run'));
const Questionnaire = lazy(() => import('./pages/questionnaire'));
const Analyses = lazy(() => import('./pages/analyses'));
const Analysis = lazy(() => import('./pages/analysis'));
const Assessments = lazy(() => import('./pages/assessments'));
const Assessment = lazy(() => import('./pages/assessment'));
const Studies = lazy(() => import('./pages/studies'));
const Study = lazy(() => import('./pages/study'));
const MePage = lazy(() => import('./pages/me-page'));
const Trial = lazy(() => import('./pages/trial'));
const SignIn = lazy(() => import('./pages/sign-in'));

export function App() {
  return (
    <MeProvider
      fallback={(error, again) => (
        <main className="page narrow">
          <h1 className="visually-hidden">{words.title}</h1>
          {error === null ? (
            <Waiting />
          ) : (
            <div className="stack">
              <Problem text={error} />
              <Button onClick={again}>{words.again}</Button>
            </div>
          )}
        </main>
      )}
    >
      <Shell>
        <Suspense fallback={<Waiting />}>
          <Pages />
        </Suspense>
      </Shell>
    </MeProvider>
  );
}

function Waiting() {
  return (
    <p className="loading" role="status">
      <Loader size="sm" aria-hidden="true" /> <span className="visually-hidden">{words.loading}</span>
    </p>
  );
}

function Pages() {
  const { me } = useMe();
  if (me.accounts && me.user === null) return <SignIn />;
  return (
    <Switch>
      <Route path="/talk/:id?">{({ id }) => <Talk id={id ?? null} />}</Route>
      <Route path="/practice" component={Practices} />
      <Route path="/practice/:id">{({ id }) => <Practice key={id} id={id} />}</Route>
      <Route path="/exercises" component={Exercises} />
      <Route path="/exercises/run/:id">{({ id }) => <ExerciseRun key={id} id={id} />}</Route>
      <Route path="/exercises/questionnaire/:slug">{({ slug }) => <Questionnaire key={slug} slug={slug} />}</Route>
      <Route path="/analyze" component={Analyses} />
      <Route path="/analyze/:id">{({ id }) => <Analysis key={id} id={id} />}</Route>
      <Route path="/assess" component={Assessments} />
      <Route path="/assess/:id">{({ id }) => <Assessment key={id} id={id} />}</Route>
      <Route path="/studies" component={Studies} />
      <Route path="/studies/:slug">{({ slug }) => <Study key={slug} slug={slug} />}</Route>
      <Route path="/me" component={MePage} />
      <Route path="/trial" component={Trial} />
      <Route>
        <Redirect to={isOpen('/talk', me.uses) ? '/talk' : '/trial'} replace />
      </Route>
    </Switch>
  );
}
