package pii

import "strings"

// trades are words for what people do, in ten languages, as the normalised text
// has them. They name nobody, so only FindAll reports them.
var trades = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`doctor physician surgeon nurse dentist pharmacist therapist psychologist veterinarian paramedic teacher professor lecturer tutor student pupil
		lawyer attorney solicitor barrister judge prosecutor notary policeman policewoman detective firefighter soldier engineer architect electrician plumber carpenter mechanic technician
		programmer developer designer analyst accountant auditor banker economist consultant manager director president chairman chairwoman secretary receptionist clerk cashier salesman saleswoman
		waiter waitress chef baker butcher farmer gardener fisherman driver pilot steward sailor captain journalist reporter editor writer author poet actor actress musician singer painter photographer
		scientist researcher chemist biologist physicist mathematician librarian translator interpreter priest pastor rabbi imam politician mayor minister senator ambassador employee employer customer patient tenant landlord
		arzt arztin krankenschwester pfleger zahnarzt apotheker lehrer lehrerin schuler studentin anwalt rechtsanwalt richter polizist ingenieur elektriker klempner mechaniker entwickler buchhalter geschaftsfuhrer sekretarin verkaufer kellner koch backer metzger bauer fahrer schauspieler sanger wissenschaftler ubersetzer pfarrer burgermeister mitarbeiter kunde mieter vermieter
		medecin infirmier infirmiere dentiste pharmacien professeur etudiant avocat juge policier ingenieur electricien plombier developpeur comptable directeur directrice secretaire vendeur serveur cuisinier boulanger boucher agriculteur chauffeur journaliste ecrivain acteur musicien chanteur chercheur traducteur maire
		medico enfermera enfermero dentista farmaceutico profesor profesora estudiante abogado abogada juez policia ingeniero electricista desarrollador contable gerente secretaria vendedor camarero cocinero panadero agricultor conductor periodista escritor cantante cientifico traductor alcalde
		infermiere infermiera farmacista insegnante studente avvocato giudice poliziotto ingegnere elettricista idraulico sviluppatore contabile direttore segretaria venditore cameriere cuoco fornaio autista giornalista scrittore attore cantante scienziato traduttore sindaco
		enfermeira professora estudante advogado advogada engenheiro eletricista desenvolvedor contador vendedora garcom cozinheiro padeiro motorista jornalista cientista tradutor prefeito
		arts verpleegkundige tandarts apotheker leraar lerares advocaat rechter agent ingenieur loodgieter boekhouder directeur verkoper kok bakker slager boer chauffeur schrijver zanger wetenschapper vertaler burgemeester
		lekarz pielegniarka nauczyciel nauczycielka prawnik adwokat sedzia policjant inzynier elektryk hydraulik programista ksiegowy dyrektor sekretarka sprzedawca kelner kucharz piekarz rolnik kierowca dziennikarz pisarz aktor naukowiec tlumacz burmistrz
		lakare sjukskoterska tandlakare larare advokat domare polis ingenjor elektriker rormokare utvecklare bokforare saljare kock bagare bonde skadespelare forskare oversattare borgmastare
		laege sygeplejerske tandlaege laerer advokat dommer politibetjent ingenior elektriker udvikler bogholder saelger kok bager landmand skuespiller forsker oversaetter borgmester`) {
		m[w] = true
	}
	return m
}()

// trade reports the word text[i:j] when it says what somebody does.
func (f *finder) trade(i, j int) {
	if trades[f.lower[i:j]] {
		f.add(PersonType, i, j, 0.4)
	}
}
